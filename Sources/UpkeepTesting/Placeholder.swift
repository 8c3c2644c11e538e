// import UpkeepStorage
